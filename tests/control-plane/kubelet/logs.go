package main

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// logs serves container logs with the options of the Kubernetes API.
type logs struct {
	server string
	client *http.Client
}

type options struct {
	follow, previous, timestamps bool
	tail                         int       // lines; negative: all
	limit                        int       // bytes; negative: all
	since                        time.Time // zero: all
}

func parse(query url.Values) (options, error) {
	o := options{
		follow:     query.Get("follow") == "true",
		previous:   query.Get("previous") == "true",
		timestamps: query.Get("timestamps") == "true",
		tail:       -1,
		limit:      -1,
	}
	var err error
	number := func(name string, into *int) {
		if text := query.Get(name); text != "" && err == nil {
			*into, err = strconv.Atoi(text)
		}
	}
	seconds := -1
	number("tailLines", &o.tail)
	number("limitBytes", &o.limit)
	number("sinceSeconds", &seconds)
	if seconds >= 0 {
		o.since = time.Now().Add(-time.Duration(seconds) * time.Second)
	}
	if text := query.Get("sinceTime"); text != "" && err == nil {
		o.since, err = time.Parse(time.RFC3339, text)
	}
	return o, err
}

func (l *logs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o, err := parse(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	current, err := l.find(r, o.previous)
	if err != nil {
		code := http.StatusInternalServerError
		var refused *refusal
		if errors.As(err, &refused) {
			code = refused.code
		}
		http.Error(w, err.Error(), code)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	out := writer{ResponseController: http.NewResponseController(w), w: w, options: o}
	lines := current.lines(time.Now())
	out.skip(lines)
	for {
		if !out.write(lines) || !o.follow || !current.finished.IsZero() {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(200 * time.Millisecond):
		}
		next, err := l.find(r, o.previous)
		var refused *refusal
		switch {
		case errors.As(err, &refused):
			return // the pod or this run of the container is gone
		case err != nil:
			continue // the API server is away: a kubelet goes on serving
		case !next.started.Equal(current.started):
			return // started anew: another log
		}
		current = next
		lines = current.lines(time.Now())
	}
}

// writer writes each line once, in order, within the options' limits.
type writer struct {
	*http.ResponseController
	w       http.ResponseWriter
	options options
	written int // lines
	bytes   int
}

// skip passes over what the options leave out of that which is there at the beginning.
func (w *writer) skip(lines []line) {
	for w.written < len(lines) && lines[w.written].at.Before(w.options.since) {
		w.written++
	}
	if w.options.tail >= 0 {
		w.written = max(w.written, len(lines)-w.options.tail)
	}
}

// write reports whether the client wants more.
func (w *writer) write(lines []line) bool {
	for ; w.written < len(lines); w.written++ {
		text := lines[w.written].text + "\n"
		if w.options.timestamps {
			text = lines[w.written].at.UTC().Format(time.RFC3339Nano) + " " + text
		}
		if left := w.options.limit - w.bytes; w.options.limit >= 0 && left < len(text) {
			text = text[:max(left, 0)]
			_, _ = w.w.Write([]byte(text))
			return false
		}
		if _, err := w.w.Write([]byte(text)); err != nil {
			return false
		}
		w.bytes += len(text)
	}
	return w.Flush() == nil
}
