"""Reading flows: YAML with places, one grammar, the graph, and every mistake told with its cure."""
