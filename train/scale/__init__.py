"""What many films and many sites take: service times of the page, and the queue before them."""
