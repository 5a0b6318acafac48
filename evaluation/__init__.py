"""How good the ranking is beside what others do, on judged collections. Not in the package."""
