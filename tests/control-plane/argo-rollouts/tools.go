//go:build tools

// This file is never compiled. It only makes `go mod tidy` keep, in go.mod and go.sum, what `build` builds.

package argorollouts

import _ "github.com/argoproj/argo-rollouts/cmd/rollouts-controller"
