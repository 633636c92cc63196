"""Where the customers are: from a region to its countries, their cities, and the orders."""

from app.views import drill

VIEW = drill.view("Customers' cities", "customers", ("region", "country", "place"))
