"""The pages, in the order of the menu. A page asks the warehouse one question and draws the answer."""

from app.views import admin, cities, compare, customers, explore, how, overview, products
from app.views.page import Proof

VIEWS = (overview.VIEW, cities.VIEW, products.VIEW, customers.VIEW)
PROOFS: tuple[Proof, ...] = (explore.PROOF, how.PROOF, compare.PROOF, admin.PROOF)
