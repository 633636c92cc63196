"""The Redshift Data API: a Query goes in, a Table comes out."""
