package check

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// compose is what matters here of the Compose specification.
type compose struct {
	Services map[string]struct {
		Image        string            `json:"image"`
		ReadOnly     bool              `json:"read_only"`
		CapDrop      []string          `json:"cap_drop"`
		SecurityOpt  []string          `json:"security_opt"`
		MemLimit     string            `json:"mem_limit"`
		MemswapLimit string            `json:"memswap_limit"`
		Environment  map[string]string `json:"environment"`
		Ports        []string          `json:"ports"`
		Volumes      []string          `json:"volumes"`
	} `json:"services"`
	Networks map[string]struct {
		IPAM struct {
			Config []struct {
				Subnet string `json:"subnet"`
			} `json:"config"`
		} `json:"ipam"`
	} `json:"networks"`
	Volumes map[string]struct{} `json:"volumes"`
}

// What is in containers is confined, cannot be reached but by its proxy, and
// finds the others and its files by the names that they have.
func TestCompose(t *testing.T) {
	var c compose
	if err := yaml.Unmarshal(read(t, "container/compose.yaml"), &c); err != nil {
		t.Fatal(err)
	}
	for name, s := range c.Services {
		if !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s keeps capabilities or gains privileges", name)
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
	sotto, flags := c.Services["sotto"], read(t, "../README.md")
	for name := range sotto.Environment {
		if name == "GOMEMLIMIT" {
			continue // of Go
		}
		flag := "| `--" + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, "SOTTO_"), "_", "-")) + "` |"
		if !strings.Contains(string(flags), flag) {
			t.Errorf("%s is no setting of the relay", name)
		}
	}
	if !sotto.ReadOnly || len(sotto.Ports) > 0 || len(sotto.Volumes) > 0 || sotto.MemLimit == "" || sotto.MemLimit != sotto.MemswapLimit {
		t.Errorf("the relay can be reached, write or swap: %+v", sotto)
	}
	if image := c.Services["caddy"].Image; !strings.HasPrefix(image, "caddy:2@${CADDY_DIGEST:?") {
		t.Errorf("Caddy, which ends TLS, is whatever %s points to", image)
	}
	if got := c.Networks["front"].IPAM.Config[0].Subnet; got != sotto.Environment["SOTTO_TRUSTED_PROXIES"] {
		t.Errorf("the network is %s, the relay trusts %s", got, sotto.Environment["SOTTO_TRUSTED_PROXIES"])
	}
	for file, name := range map[string]string{
		"container/README.md":                             "docker load",
		"container/Caddyfile":                             "reverse_proxy sotto:8080\n",
		"prometheus/prometheus.yml":                       `targets: ["` + sotto.Environment["SOTTO_ADMIN_HOSTS"] + sotto.Environment["SOTTO_ADMIN_LISTEN"] + `"]`,
		"grafana/provisioning/datasources/prometheus.yml": "http://prometheus:9090",
	} {
		if !strings.Contains(string(read(t, file)), name) {
			t.Errorf("%s does not name %q", file, name)
		}
	}
}

// The limit of a process and what Go is told of it go together: nine tenths.
func TestMemoryLimitsGoTogether(t *testing.T) {
	for file, both := range map[string][2]string{
		"container/compose.yaml": {"mem_limit: 1g\n", "GOMEMLIMIT: 900MiB "},
		"systemd/sotto.service":  {"\nMemoryMax=1G\n", "GOMEMLIMIT=900MiB\n"},
	} {
		for _, figure := range both {
			if !strings.Contains(string(read(t, file)), figure) {
				t.Errorf("%s does not say %q, which goes with %q", file, figure, both)
			}
		}
	}
}
