"""What applications measure of themselves: impact metrics of SDKs, and custom metrics of whoever sends them."""
