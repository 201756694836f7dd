"""The page: static files that show one run live, with what the REST interface and its events say."""
