"""What the warehouse's policies say, in words, and what is expected of them; it asks nobody anything."""
