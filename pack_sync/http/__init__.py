"""Every HTTP request a pack makes: what is allowed, who pays, what came back."""
