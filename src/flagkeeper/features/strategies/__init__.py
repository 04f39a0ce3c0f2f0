"""Strategy definitions: the kinds of strategy that flags may use, built in or made by people."""
