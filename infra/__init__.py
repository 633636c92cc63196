"""How the world around the app comes to be. Imports nothing from app/."""
