//go:build tools

// This file is never compiled. It only makes `go mod tidy` keep, in go.mod and go.sum, what `build` builds.

package flux

import (
	_ "github.com/fluxcd/helm-controller"
	_ "github.com/fluxcd/image-automation-controller"
	_ "github.com/fluxcd/image-reflector-controller"
	_ "github.com/fluxcd/kustomize-controller"
	_ "github.com/fluxcd/source-controller"
)
