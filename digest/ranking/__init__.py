"""How well a paper fits a person and how fast it rises: arithmetic that can be explained."""

from threadpoolctl import threadpool_limits

# Many small matrices are multiplied: among threads that wait for each other, and for whatever
# else a small machine does, that takes up to thirty times as long.
threadpool_limits(limits=1, user_api="blas")
