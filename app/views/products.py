"""What sells: from a category to its products, the cities that bought one, and the orders."""

from app.views import drill

VIEW = drill.view("Products", "products", ("category", "product", "place"))
