"""Sign-in and the exchange of an ID token for identity-enhanced credentials."""
