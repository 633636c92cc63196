"""The trust chain and the warehouse as code, through the AWS APIs."""
