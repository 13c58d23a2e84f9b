"""A made-up utility: people, network and the lives of any number of complaints, as the workflow would have written them."""
