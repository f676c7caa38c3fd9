//! HTTP and nothing else: the routes, who may call them, and what they answer.
