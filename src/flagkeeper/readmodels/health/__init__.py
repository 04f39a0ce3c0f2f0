"""Is the server well? What load balancers and monitoring ask."""
