// Command githost serves the Git repositories of a folder over HTTP, to be read and pushed to, as a Git host does:
// Flux's source-controller reads no local folders. It is Git's own http-backend behind a listener, and knows no users.
package main

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	root := flag.String("root", "", "folder of the bare repositories")
	listen := flag.String("listen", "", "address to serve on")
	flag.Parse()
	if err := serve(*root, *listen); err != nil {
		fmt.Fprintln(os.Stderr, "githost:", err)
		os.Exit(1)
	}
}

func serve(root, listen string) error {
	programs, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return fmt.Errorf("git --exec-path: %w", err)
	}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(programs)), "git-http-backend"),
		// Whoever may push is told by http.receivepack of each repository; its owner is whoever made it.
		Env: []string{
			"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1",
			"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
			"GIT_CONFIG_KEY_1=http.receivepack", "GIT_CONFIG_VALUE_1=true",
		},
		InheritEnv: []string{"PATH"},
	}
	server := &http.Server{Addr: listen, Handler: backend, ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}
