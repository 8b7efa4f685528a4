package plain_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"sotto/cmd/sotto-chat/internal/plain"
	"sotto/relay"
)

// patience is for a machine that has much else to do.
const patience = 5 * time.Minute

// bot is a conversation that a test leads.
type bot struct {
	t    *testing.T
	in   *io.PipeWriter
	out  chan string // has room for all that a test makes come
	done chan error
	// lines are those read and not yet heard.
	lines []map[string]any
}

func startRelay(t *testing.T) string {
	t.Helper()
	rl, err := relay.New(relay.Config{JoinFloor: -1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(rl)
	t.Cleanup(func() {
		_ = rl.Close()
		server.Close()
	})
	return server.URL
}

func start(ctx context.Context, t *testing.T, url string) *bot {
	t.Helper()
	return startBy(ctx, t, url, nil)
}

// startBy is start by other connections.
func startBy(ctx context.Context, t *testing.T, url string, by *http.Client) *bot {
	t.Helper()
	in, input := io.Pipe()
	output, out := io.Pipe()
	b := &bot{t: t, in: input, out: make(chan string, 1_000), done: make(chan error, 1)}
	go func() { // ends with the input or ctx
		b.done <- plain.Run(ctx, plain.Config{URL: url, HTTP: by}, in, out)
		_ = out.Close()
	}()
	go func() { // ends with the output
		defer close(b.out)
		for lines := bufio.NewScanner(output); lines.Scan(); {
			b.out <- lines.Text()
		}
	}()
	t.Cleanup(func() {
		_ = input.Close()
		for range b.out { // to its end
		}
	})
	return b
}

// asks writes requests.
func (b *bot) asks(lines ...string) {
	b.t.Helper()
	for _, line := range lines {
		if _, err := io.WriteString(b.in, line+"\n"); err != nil {
			b.t.Fatal(err)
		}
	}
}

// hears returns the first line not yet heard that has all the fields of want,
// which is JSON. Lines before it stay to be heard: what a request comes to and
// what the other does meanwhile have no order.
func (b *bot) hears(want string) map[string]any {
	b.t.Helper()
	fields := object(b.t, want)
	late := time.After(patience)
	for i := 0; ; i++ {
		if i == len(b.lines) {
			select {
			case text, open := <-b.out:
				if !open {
					b.t.Fatalf("ended without %s; not heard: %v", want, b.lines)
				}
				if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
					b.t.Errorf("a line that can command a terminal: %q", text)
				}
				b.lines = append(b.lines, object(b.t, text))
			case <-late:
				b.t.Fatalf("no line has %s; not heard: %v", want, b.lines)
			}
		}
		if line := b.lines[i]; has(line, fields) {
			b.lines = slices.Delete(b.lines, i, i+1)
			return line
		}
	}
}

func has(line, fields map[string]any) bool {
	for name, value := range fields {
		if line[name] != value {
			return false
		}
	}
	return true
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		t.Fatalf("%q is no JSON object: %v", text, err)
	}
	return fields
}

func quoted(text any) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// TestTwoTalk leads two through everything that requests can do, with a number
// of each kind.
func TestTwoTalk(t *testing.T) {
	for name, kind := range map[string]struct{ make, mark, there string }{
		"private": {`{"do":"new"}`, `"sealed":true,`, `{"event":"reach","reach":"page"}`},
		"short":   {`{"do":"new","short":true}`, "", `{"event":"presence","connected":true}`},
	} {
		t.Run(name, func(t *testing.T) {
			url := startRelay(t)
			ann, ben := start(t.Context(), t, url), start(t.Context(), t, url)
			ann.asks(kind.make)
			invitation := quoted(ann.hears(`{"event":"done"}`)["invitation"])

			ann.asks(`{"do":"open","ref":"a","entry":"create","pin":"271828","number":` + invitation + `}`)
			ann.hears(`{"event":"done","ref":"a"}`)
			ann.hears(`{"event":"in","awaiting":true}`)
			ben.asks(`{"do":"open","pin":"314159","reads":true,"number":` + invitation + `}`)
			ben.hears(`{"event":"in","awaiting":false}`)
			ann.hears(kind.there)

			ann.asks(`{"do":"send","text":"At fuor <&> \u007f\u009b2J\u202e\udb40\udc01","ref":"s"}`)
			sent := ann.hears(`{"event":"done","ref":"s"}`)
			ben.hears(`{` + kind.mark + `"event":"message","text":"At fuor <&> \u007f\u009b2J\u202e\udb40\udc01"}`)
			ann.hears(`{"event":"read","id":` + quoted(sent["id"]) + `}`)
			ann.asks(`{"do":"edit","text":"At four <&>","ref":"e"}`)
			ann.hears(`{"event":"error","ref":"e","code":"already_read","retry":false}`)

			ben.asks(`{"do":"send","text":"Five"}`, `{"do":"edit","text":"Six"}`)
			ann.hears(`{"event":"message","text":"Five"}`)
			ann.hears(`{"event":"edited","text":"Six"}`)
			ben.asks(`{"do":"delete","ref":"d"}`)
			ben.hears(`{"event":"done","ref":"d"}`)
			var seven map[string]any
			if name == "private" { // the place stays the author's
				ann.hears(`{"event":"edited","deleted":true}`)
				ben.asks(`{"do":"edit","text":"Seven"}`)
				seven = ann.hears(`{"event":"edited","text":"Seven"}`)
			} else {
				ann.hears(`{"event":"deleted"}`)
				ben.asks(`{"do":"send","text":"Seven"}`)
				seven = ann.hears(`{"event":"message","text":"Seven"}`)
			}
			ann.asks(`{"do":"read","ref":"r"}`)
			ben.hears(`{"event":"read","id":` + quoted(seven["id"]) + `}`)

			if name == "private" {
				ann.asks(`{"do":"compare","ref":"c"}`)
				ben.asks(`{"do":"compare","ref":"c"}`)
				a, b := ann.hears(`{"ref":"c"}`)["digits"], ben.hears(`{"ref":"c"}`)["digits"]
				if a != b || len(a.(string)) != 20 {
					t.Errorf("compared %v and %v", a, b)
				}
			}
			ann.asks(`{"do":"wipe"}`)
			ben.hears(`{"event":"ended","code":"ended","retry":false}`)
			for _, b := range []*bot{ann, ben} {
				if err := <-b.done; err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// deaf is a connection that is lost instead of bringing anything, once lost is set.
type deaf struct {
	net.Conn
	lost *atomic.Bool
}

func (c deaf) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.lost.Load() {
		return 0, io.EOF
	}
	return n, err
}

// TestAnsweredMeanwhile: where the answer to a send comes after the other's, it is
// the other's message that requests are about.
func TestAnsweredMeanwhile(t *testing.T) {
	var lost atomic.Bool
	back := make(chan struct{})
	url := startRelay(t)
	ann := startBy(t.Context(), t, url, &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if lost.Load() {
				<-back
			}
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return deaf{conn, &lost}, err
		},
	}})
	ben := start(t.Context(), t, url)
	const open = `{"do":"open","number":"+44 7700 900123, ref 4WNM-VD7H",`
	ann.asks(open + `"pin":"271828","entry":"create"}`)
	ann.hears(`{"event":"in"}`)
	ben.asks(open + `"pin":"314159","entry":"invited"}`)
	ben.hears(`{"event":"in"}`)
	ann.hears(`{"event":"presence","connected":true}`)
	lost.Store(true)
	ann.asks(`{"do":"send","text":"One","ref":"s"}`)
	ben.hears(`{"event":"message","text":"One"}`)
	ann.hears(`{"event":"disconnected"}`)
	ben.asks(`{"do":"send","text":"Two"}`)
	two := ben.hears(`{"event":"message","text":"Two"}`)
	lost.Store(false)
	close(back)
	ann.hears(`{"event":"in","text":"Two"}`)
	ann.hears(`{"event":"done","ref":"s"}`)
	ann.asks(`{"do":"read"}`)
	ben.hears(`{"event":"read","id":` + quoted(two["id"]) + `}`)
}

// TestRefusals has what goes wrong come as objects.
func TestRefusals(t *testing.T) {
	url := startRelay(t)
	const number = `"number":"+44 7700 900123,,48219 93701 64227 85310 42912"`
	ann := start(t.Context(), t, url)
	for request, code := range map[string]string{
		`no JSON`:                    "bad_request",
		`{"do":"dance"}`:             "bad_request",
		`{"do":"send","text":"x"}`:   "bad_request",
		`{"do":"open","number":"?"}`: "no_number",
		`{"do":"open","number":"48219 93701 64227 85310 42913","pin":"271828"}`:     "mistyped",
		`{"do":"open","pin":"12",` + number + `}`:                                   "bad_pin",
		`{"do":"open","pin":"271828",` + number + `}`:                               "not_found",
		`{"do":"open","pin":"271828","entry":"sideways",` + number + `}`:            "bad_request",
		`{"do":"open","pin":"271828","number":"+44 7700 900456"}`:                   "not_found",
		`{"do":"open","pin":"271828","entry":"invited","number":"+44 7700 900456"}`: "not_found",
	} {
		ann.asks(request)
		if line := ann.hears(`{"event":"error"}`); line["code"] != code {
			t.Errorf("%s was answered with %v, not %s", request, line, code)
		}
	}
	ann.asks(`{"do":"open","pin":"271828","entry":"create",` + number + `}`)
	ann.hears(`{"event":"in"}`)
	ben := start(t.Context(), t, url)
	ben.asks(`{"do":"open","pin":"314159",`+number+`}`, `{"do":"open","pin":"271828","entry":"invited",`+number+`}`,
		`{"do":"open","pin":"314159","entry":"create",`+number+`}`)
	ben.hears(`{"event":"error","code":"place_free"}`)
	ben.hears(`{"event":"error","code":"pin_taken"}`)
	ben.hears(`{"event":"error","code":"taken"}`)
}

// TestLeaves has a message wait that nobody had read when its author's input
// ended.
func TestLeaves(t *testing.T) {
	url := startRelay(t)
	const open = `{"do":"open","number":"48219 93701 64227 85310 42912",`
	ann, ben := start(t.Context(), t, url), start(t.Context(), t, url)
	ann.asks(open + `"pin":"271828","entry":"create"}`)
	ann.hears(`{"event":"in"}`)
	ben.asks(open + `"pin":"314159","entry":"invited"}`)
	ben.hears(`{"event":"in","reach":"page"}`)
	ben.asks(`{"do":"send","text":"sealed first"}`)
	ben.hears(`{"event":"message","sealed":true}`)
	_ = ben.in.Close()
	ben.hears(`{"event":"ended","code":"closed"}`)
	ann.hears(`{"event":"edited","left":true,"text":"sealed first"}`)
}

// TestEndsWithItsContext: what a signal asks for ends a conversation although
// its input stays open.
func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ann := start(ctx, t, startRelay(t))
	ann.asks(`{"do":"open","number":"48219 93701 64227 85310 42912","pin":"271828","entry":"create"}`)
	ann.hears(`{"event":"in"}`)
	cancel()
	ann.hears(`{"event":"ended","code":"closed"}`)
	if err := <-ann.done; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}
