module sotto/tools/papers

go 1.26.0
