package check

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// compose is the part of the Compose specification that our file uses; a key
// that is not here, or of another type, is a fault.
type compose struct {
	Name     string             `json:"name"`
	Services map[string]service `json:"services"`
	Networks map[string]struct {
		IPAM struct {
			Config []struct {
				Subnet string `json:"subnet"`
			} `json:"config"`
		} `json:"ipam"`
	} `json:"networks"`
	Volumes map[string]struct{} `json:"volumes"`
}

type service struct {
	Build struct {
		Context    string `json:"context"`
		Dockerfile string `json:"dockerfile"`
	} `json:"build"`
	Image           string            `json:"image"`
	Profiles        []string          `json:"profiles"`
	Restart         string            `json:"restart"`
	StopGracePeriod string            `json:"stop_grace_period"`
	DependsOn       []string          `json:"depends_on"`
	ReadOnly        bool              `json:"read_only"`
	CapDrop         []string          `json:"cap_drop"`
	CapAdd          []string          `json:"cap_add"`
	SecurityOpt     []string          `json:"security_opt"`
	MemLimit        string            `json:"mem_limit"`
	MemswapLimit    string            `json:"memswap_limit"`
	PidsLimit       int               `json:"pids_limit"`
	Ulimits         map[string]int    `json:"ulimits"`
	Command         []string          `json:"command"`
	Environment     map[string]string `json:"environment"`
	Ports           []string          `json:"ports"`
	Volumes         []string          `json:"volumes"`
	Tmpfs           []string          `json:"tmpfs"`
	Networks        []string          `json:"networks"`
}

func TestCompose(t *testing.T) {
	var c compose
	if err := yaml.UnmarshalStrict(read(t, "container/compose.yaml"), &c); err != nil {
		t.Fatal(err)
	}
	flags, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range c.Services {
		if !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s keeps capabilities or gains privileges", name)
		}
		for _, other := range s.DependsOn {
			if _, ok := c.Services[other]; !ok {
				t.Errorf("%s depends on %s, which is not there", name, other)
			}
		}
		for _, network := range s.Networks {
			if _, ok := c.Networks[network]; !ok {
				t.Errorf("%s is in the network %s, which is not there", name, network)
			}
		}
		for _, volume := range s.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			if _, named := c.Volumes[from]; named {
				continue
			}
			if _, err := os.Stat(filepath.Join("..", "container", from)); err != nil {
				t.Errorf("%s mounts %v", name, err)
			}
		}
	}

	sotto := c.Services["sotto"]
	for name := range sotto.Environment {
		flag := "| `--" + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, "SOTTO_"), "_", "-")) + "` |"
		if !strings.Contains(string(flags), flag) {
			t.Errorf("%s is no setting of the relay", name)
		}
	}
	if !sotto.ReadOnly || len(sotto.Ports) > 0 || len(sotto.Volumes) > 0 || sotto.MemLimit == "" || sotto.MemLimit != sotto.MemswapLimit {
		t.Errorf("the relay can be reached, write or swap: %+v", sotto)
	}
	if got := c.Networks["front"].IPAM.Config[0].Subnet; got != sotto.Environment["SOTTO_TRUSTED_PROXIES"] {
		t.Errorf("the network is %s, the relay trusts %s", got, sotto.Environment["SOTTO_TRUSTED_PROXIES"])
	}
	dockerfile := read(t, "container/Dockerfile")
	if !strings.Contains(string(dockerfile), "-f "+strings.TrimPrefix(sotto.Build.Dockerfile, "./")) {
		t.Errorf("the Dockerfile is not %s", sotto.Build.Dockerfile)
	}
	// Where everything is looked for by name.
	target := regexp.MustCompile(`targets: \["([^:"]+):(\d+)"\]`).FindSubmatch(read(t, "prometheus/prometheus.yml"))
	if target == nil || string(target[1]) != "sotto" || ":"+string(target[2]) != sotto.Environment["SOTTO_ADMIN_LISTEN"] {
		t.Errorf("Prometheus scrapes %q", target)
	}
	if !strings.Contains(string(read(t, "container/Caddyfile")), "reverse_proxy sotto:8080\n") {
		t.Error("Caddy does not ask the relay")
	}
	if !strings.Contains(string(read(t, "grafana/provisioning/datasources/prometheus.yml")), "http://prometheus:9090") {
		t.Error("Grafana does not ask Prometheus")
	}
}
