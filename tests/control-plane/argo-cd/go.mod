module pilothouse.test/control-plane/argo-cd

go 1.26.1

require github.com/argoproj/argo-cd/v3 v3.1.9
