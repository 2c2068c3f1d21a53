//go:build tools

// This file is never compiled. It only makes `go mod tidy` keep, in go.mod and go.sum, what `build` builds.

package helm

import _ "helm.sh/helm/v4/cmd/helm"
