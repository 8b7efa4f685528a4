package tun

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace without a name, and the thread in it.
type namespace struct {
	calls chan func()
	done  chan struct{} // closed when the thread is about to end
}

func newNamespace() (*namespace, error) {
	ns := &namespace{calls: make(chan func()), done: make(chan struct{})}
	made := make(chan error)
	go ns.run(made) // ends with close, which waits for it
	if err := <-made; err != nil {
		return nil, fmt.Errorf("%w: make a network namespace: %w", ErrUnavailable, err)
	}
	return ns, nil
}

// run never lets go of its thread, which therefore ends with it.
func (ns *namespace) run(made chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == os.Getpid() {
		// The first thread never ends. While it is held, another goroutine can
		// only get another.
		go ns.run(made)
		<-ns.done
		runtime.UnlockOSThread()
		return
	}
	defer close(ns.done)
	err := unix.Unshare(unix.CLONE_NEWNET)
	made <- err
	if err != nil {
		return
	}
	for f := range ns.calls {
		f()
	}
}

// do calls f on the namespace's thread: what f creates is in there. It must not
// be called after close.
func (ns *namespace) do(f func() error) error {
	answer := make(chan error)
	ns.calls <- func() { answer <- f() }
	return <-answer
}

func (ns *namespace) close() {
	close(ns.calls)
	<-ns.done
}
