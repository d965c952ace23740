"""What the product promises, said as tests."""
