package proxy

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sotto/internal/memnet"
	"sotto/loadtest"
	"sotto/loadtest/link"
)

const ms = time.Millisecond

// stand is a phone of a proxy in a bubble, before a service.
type stand struct {
	t       *testing.T
	proxy   *Proxy
	clients memnet.Dialer
	service chan net.Conn
}

// bubble runs f with a phone that begins half a second away.
func bubble(t *testing.T, f func(t *testing.T, s *stand)) {
	synctest.Test(t, func(t *testing.T) {
		front, back := memnet.Listen(), memnet.Listen()
		s := &stand{t: t, clients: memnet.Dialer{To: front}, service: make(chan net.Conn, 8)}
		s.proxy = New([]loadtest.Profile{
			{Name: "far", Link: link.Params{RTT: time.Second}},
			{Name: "near", Link: link.Params{RTT: 100 * ms}},
		}, 1)
		if _, err := s.proxy.Add(front, "service", (&memnet.Dialer{To: back}).DialContext, "far"); err != nil {
			t.Fatal(err)
		}
		go func() { // ends with back
			for {
				c, err := back.Accept()
				if err != nil {
					return
				}
				s.service <- c
			}
		}()
		defer func() {
			s.proxy.Close()
			_ = back.Close()
		}()
		f(t, s)
	})
}

func (s *stand) connect() (client, service net.Conn) {
	s.t.Helper()
	client, err := s.clients.DialContext(s.t.Context(), "tcp", "proxy")
	if err != nil {
		s.t.Fatal(err)
	}
	service = <-s.service
	synctest.Wait() // the proxy has it, too: it is to be cut or forgotten
	return client, service
}

// takes wants a byte to take so long from one end to the other.
func (s *stand) takes(from, to net.Conn, want time.Duration) {
	s.t.Helper()
	begun := time.Now()
	if _, err := from.Write([]byte("x")); err != nil {
		s.t.Fatal(err)
	}
	if _, err := io.ReadFull(to, make([]byte, 1)); err != nil {
		s.t.Fatal(err)
	}
	if took := time.Since(begun); took != want {
		s.t.Errorf("a byte took %v, want %v", took, want)
	}
}

// ask makes a request and returns its code and, if that is 200, the answer.
func (s *stand) ask(method, target string) (code int, status Status) {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.proxy.Handler().ServeHTTP(w, httptest.NewRequest(method, target, nil))
	if w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), &status); err != nil {
			s.t.Fatalf("%s %s: %v in %q", method, target, err, w.Body)
		}
	}
	return w.Code, status
}

func (s *stand) do(target string) Status {
	s.t.Helper()
	code, status := s.ask(http.MethodPost, target)
	if code != http.StatusOK {
		s.t.Fatalf("POST %s: %d", target, code)
	}
	return status
}

func TestCarries(t *testing.T) {
	bubble(t, func(t *testing.T, s *stand) {
		client, service := s.connect()
		s.takes(client, service, 500*ms)
		s.takes(service, client, 500*ms)
		if _, st := s.ask(http.MethodGet, "/80"); st.Open != 1 || st.Accepted != 1 || st.Profile != "far" || st.UpBytes == 0 {
			t.Errorf("%+v", st)
		}
		// What one end has said last arrives, though the other says more.
		if _, err := client.Write([]byte("all")); err != nil {
			t.Fatal(err)
		}
		if err := client.(*memnet.Conn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(service); err != nil || string(got) != "all" {
			t.Errorf("the service read %q, %v", got, err)
		}
		if _, err := service.Write([]byte("answer")); err != nil {
			t.Fatal(err)
		}
		_ = service.Close()
		if got, err := io.ReadAll(client); err != nil || string(got) != "answer" {
			t.Errorf("the client read %q, %v", got, err)
		}
		synctest.Wait()
		if _, st := s.ask(http.MethodGet, "/80"); st.Open != 0 || st.Accepted != 1 || st.Failed != 0 {
			t.Errorf("at the end %+v", st)
		}
	})
}

func TestNetworkChangesUnderAConnection(t *testing.T) {
	bubble(t, func(t *testing.T, s *stand) {
		client, service := s.connect()
		if st := s.do("/80/profile?name=near"); st.Profile != "near" {
			t.Errorf("the profile is %q", st.Profile)
		}
		s.takes(client, service, 50*ms)
		s.takes(service, client, 50*ms)
		for _, name := range []string{"nowhere", loadtest.Mix, ""} {
			if code, _ := s.ask(http.MethodPost, "/80/profile?name="+name); code != http.StatusBadRequest {
				t.Errorf("profile %q: %d", name, code)
			}
		}
		s.takes(client, service, 50*ms)
	})
}

func TestBlackout(t *testing.T) {
	bubble(t, func(t *testing.T, s *stand) {
		client, service := s.connect()
		s.do("/80/profile?name=near")
		s.do("/80/blackout?for=250ms")
		s.takes(client, service, 3*time.Second+50*ms) // the time-out after a round trip of a second
		s.do("/80/blackout?for=1s&cut=true")
		begun := time.Now()
		if _, err := client.Read(make([]byte, 1)); err == nil || time.Since(begun) != time.Second {
			t.Errorf("after %v the client read %v", time.Since(begun), err)
		}
	})
}

// The client hears of a change of network; the service has a ghost.
func TestCut(t *testing.T) {
	bubble(t, func(t *testing.T, s *stand) {
		client, service := s.connect()
		s.do("/80/cut")
		if _, err := client.Read(make([]byte, 1)); err == nil {
			t.Error("the client read on")
		}
		if _, err := service.Write([]byte("are you there?")); err != nil {
			t.Errorf("the service noticed: %v", err)
		}
		synctest.Wait()
		if _, st := s.ask(http.MethodGet, "/80"); st.Open != 0 || st.Failed != 1 {
			t.Errorf("%+v", st)
		}
		newcomer, at := s.connect()
		s.takes(newcomer, at, 500*ms)
	})
}

// Neither end hears that the NAT forgot.
func TestForget(t *testing.T) {
	bubble(t, func(t *testing.T, s *stand) {
		client, service := s.connect()
		s.do("/80/forget")
		for name, ends := range map[string][2]net.Conn{"up": {client, service}, "down": {service, client}} {
			if _, err := ends[0].Write([]byte("x")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if err := ends[1].SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if _, err := ends[1].Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: the other end read, %v", name, err)
			}
		}
	})
}

func TestFreeze(t *testing.T) {
	bubble(t, func(t *testing.T, s *stand) {
		client, service := s.connect()
		if st := s.do("/80/freeze?for=1m"); !st.Frozen {
			t.Error("not frozen")
		}
		s.takes(service, client, time.Minute)
		s.do("/80/freeze?for=1h")
		if _, err := client.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if st := s.do("/80/freeze?for=0s"); st.Frozen {
			t.Error("still frozen")
		}
		begun := time.Now()
		if _, err := io.ReadFull(service, make([]byte, 1)); err != nil || time.Since(begun) != 500*ms {
			t.Errorf("after thawing a byte took %v, %v", time.Since(begun), err)
		}
		s.do("/80/freeze?for=1h") // Close does not wait for it
		if _, err := client.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	})
}

func TestMistakes(t *testing.T) {
	bubble(t, func(t *testing.T, s *stand) {
		for target, want := range map[string]int{
			"/81": 404, "/81/cut": 404, "/80/flood": 404, "/80/blackout": 400, "/80/freeze?for=-1s": 400,
			"/80/blackout?for=1s&cut=perhaps": 400,
		} {
			method := http.MethodPost
			if strings.Count(target, "/") == 1 {
				method = http.MethodGet
			}
			if code, _ := s.ask(method, target); code != want {
				t.Errorf("%s %s: %d, want %d", method, target, code, want)
			}
		}
		if code, _ := s.ask(http.MethodGet, "/80/cut"); code != http.StatusMethodNotAllowed {
			t.Errorf("GET of a change: %d", code)
		}
		// A page somewhere must not be able to.
		r := httptest.NewRequest(http.MethodPost, "/80/cut", nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		w := httptest.NewRecorder()
		if s.proxy.Handler().ServeHTTP(w, r); w.Code != http.StatusForbidden {
			t.Errorf("a change that another site asks for: %d", w.Code)
		}
	})
}
