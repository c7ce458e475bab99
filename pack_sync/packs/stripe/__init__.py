"""The pack `stripe`: customers, what they buy, and the money that moves."""
