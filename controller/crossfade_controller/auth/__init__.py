"""Who may do what: tokens, their scopes, and the gate that every route stands behind."""
