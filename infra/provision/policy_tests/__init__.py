"""`test-policies`: what people see, against what they should."""
