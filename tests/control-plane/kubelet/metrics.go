package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

// The labels by which a pod says what each of its containers uses: quantities, which a test may change at any time. Pods without
// them have no sample, so that a control plane full of pods costs nothing.
const (
	cpuLabel    = "pilothouse.test/cpu"
	memoryLabel = "pilothouse.test/memory"
)

// What a node uses by itself.
const (
	nodeCPU    = 0.2
	nodeMemory = 512 << 20
)

// usage serves the resource metrics of one node after the other, as kubelets do at /metrics/resource: only containers that run
// have a sample, and CPU is a total since they started, whatever they used meanwhile.
type usage struct {
	server string
	client *http.Client

	lock   sync.Mutex
	totals map[string]*total // by node, or by pod UID and container
}

// total is CPU time until now, and what is used a second from now on.
type total struct {
	seconds, rate float64
	at            time.Time
}

type podList struct {
	Items []struct {
		Metadata struct {
			Name      string            `json:"name"`
			Namespace string            `json:"namespace"`
			UID       string            `json:"uid"`
			Labels    map[string]string `json:"labels"`
		} `json:"metadata"`
		Status struct {
			ContainerStatuses []status `json:"containerStatuses"`
		} `json:"status"`
	} `json:"items"`
}

func (u *usage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	node := r.PathValue("node")
	pods, err := u.pods(r, node)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	now := time.Now()
	var out strings.Builder
	write := func(name, labels string, value float64) {
		fmt.Fprintf(&out, "%s%s %f %d\n", name, labels, value, now.UnixMilli())
	}
	u.lock.Lock()
	defer u.lock.Unlock()
	cpu, memory := nodeCPU, float64(nodeMemory)
	for _, pod := range pods.Items {
		rate, bytes := quantity(pod.Metadata.Labels[cpuLabel]), quantity(pod.Metadata.Labels[memoryLabel])
		for _, container := range pod.Status.ContainerStatuses {
			if container.State.Running == nil || rate == 0 || bytes == 0 {
				continue
			}
			started := container.State.Running.StartedAt
			labels := fmt.Sprintf("{container=%q,namespace=%q,pod=%q}", container.Name, pod.Metadata.Namespace, pod.Metadata.Name)
			key := fmt.Sprintf("%s/%s/%d", pod.Metadata.UID, container.Name, started.Unix())
			write("container_cpu_usage_seconds_total", labels, u.until(key, started, now, rate))
			write("container_memory_working_set_bytes", labels, bytes)
			write("container_start_time_seconds", labels, float64(started.Unix()))
			cpu, memory = cpu+rate, memory+bytes
		}
	}
	write("node_cpu_usage_seconds_total", "", u.until("node/"+node, now.Add(-time.Minute), now, cpu))
	write("node_memory_working_set_bytes", "", memory)
	for key, total := range u.totals {
		// Of other nodes too: what nobody asked for in minutes is of pods that are gone.
		if now.Sub(total.at) > 5*time.Minute {
			delete(u.totals, key)
		}
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	fmt.Fprint(w, out.String())
}

// until is the CPU time used until now by what began at a time and uses this much a second from now on.
func (u *usage) until(key string, began, now time.Time, rate float64) float64 {
	known, ok := u.totals[key]
	if !ok {
		known = &total{at: began, rate: rate}
		u.totals[key] = known
	}
	known.seconds += known.rate * now.Sub(known.at).Seconds()
	known.at, known.rate = now, rate
	return known.seconds
}

// pods are those on a node that say what they use.
func (u *usage) pods(r *http.Request, node string) (*podList, error) {
	query := url.Values{"labelSelector": {cpuLabel}, "fieldSelector": {"spec.nodeName=" + node}, "resourceVersion": {"0"}}
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, u.server+"/api/v1/pods?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	response, err := u.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the API server answered %s", response.Status)
	}
	var found podList
	return &found, json.NewDecoder(response.Body).Decode(&found)
}

// quantity reads 250m or 480Mi; nothing of what it cannot read.
func quantity(text string) float64 {
	parsed, err := resource.ParseQuantity(text)
	if err != nil {
		return 0
	}
	return parsed.AsApproximateFloat64()
}
