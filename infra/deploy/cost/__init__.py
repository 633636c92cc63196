"""What Rowlight costs on AWS in a month: `python -m infra.deploy.cost`."""
