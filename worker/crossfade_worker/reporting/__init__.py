"""What a run tells its controller, and the link it tells it over."""
