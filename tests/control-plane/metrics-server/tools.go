//go:build tools

// This file is never compiled. It only makes `go mod tidy` keep, in go.mod and go.sum, what `build` builds.

package metricsserver

import _ "sigs.k8s.io/metrics-server/cmd/metrics-server"
