package loadtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestProfilesAreFit(t *testing.T) {
	seen := make(map[string]bool)
	for _, p := range Profiles() {
		if err := p.Link.Validate(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if seen[p.Name] || p.Source == "" {
			t.Errorf("%s is there twice or has no source", p.Name)
		}
		seen[p.Name] = true
		// Lengths of bursts have no source anywhere.
		if p.Link.Loss > 0 && !strings.Contains(p.Ours, "burst") {
			t.Errorf("%s does not say that its bursts are ours", p.Name)
		}
		if tg := p.Targets; tg[RelayAddedP99] != 10*ms || tg[StormBack] != 30*time.Second {
			t.Errorf("%s: the bounds of every network are %v", p.Name, tg)
		}
	}
}

// A few figures from the sources, so that a slip of the keyboard is seen.
func TestProfileFigures(t *testing.T) {
	for name, want := range map[string]string{
		"slow-4g":  "slow-4g|1600/750|150 ms|15 ms|0.2 % (150 ms)|435 ms/10 s|30 min|–",
		"edge":     "edge|240/200|840 ms|100 ms|1 % (400 ms)|2 s/10 s|5 min|–",
		"2g-rural": "2g-rural|20/18|1.3 s|100 ms|2 % (600 ms)|2 s/10 s|255 s, then reset|–",
		"bus":      "bus|400/400|400 ms|100 ms|1.5 % (400 ms)|2 s/10 s|5 min|5 s to 30 s, about 120 s apart, 33 % cut",
		"elevator": "elevator|1600/750|150 ms|15 ms|0|435 ms/10 s|30 min|20 s to 60 s, about 180 s apart",
		"bad-wifi": "bad-wifi|1000/1000|200 ms|100 ms|5 % (150 ms)|–|5 min|–",
		"loopback": "loopback|∞/∞|0|0|0|–|–|–",
	} {
		p, err := find(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(p.cells(), "|"); got != want {
			t.Errorf("%s is\n%s, want\n%s", name, got, want)
		}
	}
}

func TestProfilesRoundTripThroughJSON(t *testing.T) {
	text, err := json.Marshal(Profiles())
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadProfiles(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range Profiles() {
		// A third is not a decimal fraction.
		got[i].Link.Gaps.Cut = round(got[i].Link.Gaps.Cut, 9)
		want.Link.Gaps.Cut = round(want.Link.Gaps.Cut, 9)
		got[i].Link.Loss, want.Link.Loss = round(got[i].Link.Loss, 9), round(want.Link.Loss, 9)
		if !reflect.DeepEqual(got[i], want) {
			t.Errorf("%s came back as\n%+v, want\n%+v", want.Name, got[i], want)
		}
	}
}

func TestReadProfiles(t *testing.T) {
	for name, c := range map[string]struct{ text, fault string }{
		"good":          {`[{"name":"x","rtt_ms":1,"source":"me"}]`, ""},
		"unknown field": {`[{"name":"x","rtt":1,"source":"me"}]`, `unknown field "rtt"`},
		"unknown in gaps": {
			`[{"name":"x","source":"me","gaps":{"often":1}}]`, `unknown field "often"`,
		},
		"unknown in slo": {`[{"name":"x","source":"me","slo":{"p50":1}}]`, `unknown field "p50"`},
		"no name":        {`[{"source":"me"}]`, "needs a name"},
		"named mix":      {`[{"name":"mix","source":"me"}]`, "needs a name"},
		"no source":      {`[{"name":"x"}]`, "does not say its source"},
		"twice":          {`[{"name":"x","source":"me"},{"name":"x","source":"me"}]`, "there twice"},
		"negative":       {`[{"name":"x","source":"me","rtt_ms":-1}]`, "not a number of milliseconds"},
		"huge":           {`[{"name":"x","source":"me","rtt_ms":1e300}]`, "not a number of milliseconds"},
		"loss":           {`[{"name":"x","source":"me","loss_percent":200,"loss_burst_ms":1}]`, "loss of 200 %"},
		"two values":     {`[] []`, "more than one JSON value"},
		"not an array":   {`{}`, "read profiles"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadProfiles(strings.NewReader(c.text))
			switch {
			case c.fault == "" && err != nil:
				t.Error(err)
			case c.fault != "" && (!errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), c.fault)):
				t.Errorf("error is %v, want ErrConfig with %q", err, c.fault)
			}
		})
	}
}

// An own profile is judged by the bounds of every network unless it says other.
func TestOwnProfilesKeepTheGeneralBounds(t *testing.T) {
	got, err := ReadProfiles(strings.NewReader(
		`[{"name":"a","source":"me"},{"name":"b","source":"me","slo":{"relay_added_p99_ms":20}},{"name":"c","source":"me","slo":null}]`))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []time.Duration{10 * ms, 20 * ms, 0} {
		if got[i].Targets[RelayAddedP99] != want {
			t.Errorf("%s: %v, want %v", got[i].Name, got[i].Targets[RelayAddedP99], want)
		}
	}
}

func TestBlend(t *testing.T) {
	shares, err := Blend(Mix, nil)
	if err != nil {
		t.Fatal(err)
	}
	total, count := 0, make([]int, len(shares))
	for _, s := range shares {
		total += s.Percent
	}
	if total != 100 {
		t.Errorf("the shares add up to %d", total)
	}
	for _, i := range deal(shares, 200) {
		count[i]++
	}
	for i, s := range shares {
		if count[i] != 2*s.Percent {
			t.Errorf("%s got %d of 200, want %d", s.Profile.Name, count[i], 2*s.Percent)
		}
	}
	own := Profile{Name: "edge", Source: "mine"}
	if shares, err = Blend("edge", []Profile{own}); err != nil || shares[0].Profile.Source != "mine" {
		t.Errorf("an own profile of a built-in name: %v, %v", shares, err)
	}
	if _, err := Blend("5g", nil); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "slow-4g") {
		t.Errorf("an unknown name: %v", err)
	}
}
