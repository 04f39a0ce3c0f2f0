"""How often something may be tried, by whoever has not shown yet who they are. Shared by all servers."""
