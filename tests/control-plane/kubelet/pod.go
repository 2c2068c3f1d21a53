package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"
)

// pod is as much of a Pod as a log needs.
type pod struct {
	Metadata struct {
		OwnerReferences []struct {
			Kind string `json:"kind"`
		} `json:"ownerReferences"`
	} `json:"metadata"`
	Spec struct {
		Containers     []container `json:"containers"`
		InitContainers []container `json:"initContainers"`
	} `json:"spec"`
	Status struct {
		ContainerStatuses     []status `json:"containerStatuses"`
		InitContainerStatuses []status `json:"initContainerStatuses"`
	} `json:"status"`
}

type container struct {
	Name    string   `json:"name"`
	Image   string   `json:"image"`
	Command []string `json:"command"`
	Args    []string `json:"args"`
}

type status struct {
	Name      string `json:"name"`
	State     state  `json:"state"`
	LastState state  `json:"lastState"`
}

type state struct {
	Waiting *struct {
		Reason string `json:"reason"`
	} `json:"waiting"`
	Running *struct {
		StartedAt time.Time `json:"startedAt"`
	} `json:"running"`
	Terminated *struct {
		ExitCode   int       `json:"exitCode"`
		StartedAt  time.Time `json:"startedAt"`
		FinishedAt time.Time `json:"finishedAt"`
	} `json:"terminated"`
}

// run is one life of a container: what its log is made of.
type run struct {
	container
	init     bool
	once     bool // of a Job: works through steps instead of serving
	started  time.Time
	finished time.Time // zero while it runs
	exitCode int
}

// refusal is an answer that the client is to see, with its HTTP status.
type refusal struct {
	code int
	text string
}

func (r *refusal) Error() string { return r.text }

// find asks the API server for the pod and returns the run whose log was asked for.
func (l *logs) find(r *http.Request, previous bool) (*run, error) {
	namespace, name, wanted := r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container")
	url := fmt.Sprintf("%s/api/v1/namespaces/%s/pods/%s", l.server, namespace, name)
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := l.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, &refusal{http.StatusNotFound, fmt.Sprintf("pod %q: the API server answered %s", name, response.Status)}
	}
	var p pod
	if err := json.NewDecoder(response.Body).Decode(&p); err != nil {
		return nil, err
	}
	return p.run(name, wanted, previous)
}

func (p *pod) run(name, wanted string, previous bool) (*run, error) {
	found := run{}
	for _, owner := range p.Metadata.OwnerReferences {
		found.once = found.once || owner.Kind == "Job"
	}
	statuses := p.Status.ContainerStatuses
	for _, c := range p.Spec.Containers {
		if c.Name == wanted {
			found.container = c
		}
	}
	for _, c := range p.Spec.InitContainers {
		if c.Name == wanted {
			found.container, found.init, found.once = c, true, true
			statuses = p.Status.InitContainerStatuses
		}
	}
	for _, s := range statuses {
		if s.Name != wanted {
			continue
		}
		switch {
		case previous && s.LastState.Terminated == nil:
			return nil, &refusal{http.StatusBadRequest,
				fmt.Sprintf("previous terminated container %q in pod %q not found", wanted, name)}
		case !previous && s.State.Running != nil:
			found.started = s.State.Running.StartedAt
			return &found, nil
		case !previous && s.State.Terminated != nil:
			found.ended(s.State)
			return &found, nil
		case s.LastState.Terminated != nil:
			found.ended(s.LastState)
			return &found, nil
		case s.State.Waiting != nil:
			return nil, &refusal{http.StatusBadRequest,
				fmt.Sprintf("container %q in pod %q is waiting to start: %s", wanted, name, why(s.State.Waiting.Reason))}
		}
	}
	return nil, &refusal{http.StatusBadRequest, fmt.Sprintf("container %q in pod %q is not available", wanted, name)}
}

func (r *run) ended(s state) {
	r.started, r.finished, r.exitCode = s.Terminated.StartedAt, s.Terminated.FinishedAt, s.Terminated.ExitCode
}

// why says a waiting reason as kubelets say it in answer to a request for logs.
func why(reason string) string {
	switch reason {
	case "ErrImagePull":
		return "image can't be pulled"
	case "ImagePullBackOff":
		return "trying and failing to pull image"
	default:
		return reason
	}
}

var broken = regexp.MustCompile(`:[^/@]*-broken(@.*)?$`)

type line struct {
	at   time.Time
	text string
}

// unsettled is how long a line is kept back while its container runs. The end of a run is known to the second, rounded
// down, and a moment after it was; a line that has been shown must not lie behind it.
const unsettled = 2 * time.Second

// lines are all that the container has written until now; they only ever grow.
func (r *run) lines(now time.Time) []line {
	end := now.Add(-unsettled)
	if !r.finished.IsZero() {
		end = r.finished
	}
	all := []line{{r.started, "starting " + r.Image}}
	if len(r.Command)+len(r.Args) > 0 {
		words := append(append([]string{}, r.Command...), r.Args...)
		all = append(all, line{r.started, fmt.Sprintf("command %q", words)})
	}
	every, word := 5*time.Second, "request"
	if r.once {
		every, word = 500*time.Millisecond, "step"
	} else if !broken.MatchString(r.Image) {
		all = append(all, line{r.started, "listening"})
	}
	for n := 1; ; n++ {
		at := r.started.Add(time.Duration(n) * every)
		if at.After(end) || r.init {
			break
		}
		all = append(all, line{at, fmt.Sprintf("%s %d", word, n)})
	}
	switch {
	case r.finished.IsZero():
	case r.exitCode == 0:
		all = append(all, line{r.finished, "done"})
	default:
		all = append(all, line{r.finished, fmt.Sprintf("fatal: the tag ends in -broken, exiting with %d", r.exitCode)})
	}
	return all
}
