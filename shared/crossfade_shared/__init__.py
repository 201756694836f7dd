"""What the controller and the training workers must agree on: values, wire forms and names."""
