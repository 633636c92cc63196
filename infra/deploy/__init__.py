"""How Rowlight is hosted, and what that costs."""
