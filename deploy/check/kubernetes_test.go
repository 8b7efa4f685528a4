package check

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"sotto/internal/program"
)

// manifests are all objects, by kind and name.
type manifests map[string]metav1.Object

// decode reads what the chart makes of values into the types of Kubernetes; a
// field that these do not have is an error. The type of PodMonitor would bring the
// Prometheus operator: what it says is not looked at.
func decode(t *testing.T, v values) manifests {
	t.Helper()
	kinds := map[string]func() metav1.Object{
		"v1 ConfigMap":                        func() metav1.Object { return new(corev1.ConfigMap) },
		"monitoring.coreos.com/v1 PodMonitor": func() metav1.Object { return new(unstructured.Unstructured) },
		"v1 Service":                          func() metav1.Object { return new(corev1.Service) },
		"apps/v1 StatefulSet":                 func() metav1.Object { return new(appsv1.StatefulSet) },
		"apps/v1 Deployment":                  func() metav1.Object { return new(appsv1.Deployment) },
		"policy/v1 PodDisruptionBudget":       func() metav1.Object { return new(policyv1.PodDisruptionBudget) },
		"networking.k8s.io/v1 NetworkPolicy":  func() metav1.Object { return new(networkingv1.NetworkPolicy) },
	}
	all := make(manifests)
	rendered, err := render(t, v)
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range rendered {
		for document := range bytes.SplitSeq([]byte(text), []byte("\n---\n")) {
			if len(bytes.TrimSpace(document)) == 0 {
				continue
			}
			var kind metav1.TypeMeta
			if err := yaml.Unmarshal(document, &kind); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			create, known := kinds[kind.APIVersion+" "+kind.Kind]
			if !known {
				t.Fatalf("%s: what is %s %s?", file, kind.APIVersion, kind.Kind)
			}
			object := create()
			text, err := yaml.YAMLToJSONStrict(document)
			if err != nil {
				t.Fatalf("%s: %s: %v", file, kind.Kind, err)
			}
			// As the API server does it: with regard to case, too.
			if strict, err := json.UnmarshalStrict(text, object); err != nil || len(strict) > 0 {
				t.Fatalf("%s: %s: %v, %v", file, kind.Kind, err, strict)
			}
			if object.GetNamespace() != "sotto" {
				t.Errorf("%s %s is in the namespace %q", kind.Kind, object.GetName(), object.GetNamespace())
			}
			all[kind.Kind+" "+object.GetName()] = object
		}
	}
	return all
}

// What there is follows from how many relays there are, and from who watches.
func TestChart_Objects(t *testing.T) {
	for want, v := range map[int]values{
		9:  {},
		10: {"monitoring": values{"podMonitor": true}},
		4:  {"relays": 1},
	} {
		if got := len(decode(t, v)); got != want {
			t.Errorf("%v makes %d objects; want %d", v, got, want)
		}
	}
}

// Memory, what Go makes of it, and the time for a drain go together.
func TestChart_Values(t *testing.T) {
	set := get[*appsv1.StatefulSet](t, decode(t, values{"memoryMiB": 2000, "drainSeconds": 60, "relays": 5, "settings": values{"CREATE_RATE": "40"}}), "StatefulSet relay")
	s := set.Spec.Template.Spec
	c := s.Containers[0]
	if *set.Spec.Replicas != 5 || c.Resources.Limits.Memory().Value() != 2000<<20 || *s.TerminationGracePeriodSeconds != 90 {
		t.Errorf("%d relays of %v with %d s", *set.Spec.Replicas, c.Resources.Limits.Memory(), *s.TerminationGracePeriodSeconds)
	}
	if want := []corev1.EnvVar{{Name: "GOMEMLIMIT", Value: "1800MiB"}, {Name: "SOTTO_CREATE_RATE", Value: "40"}}; !slices.Equal(c.Env, want) {
		t.Errorf("the environment is %v", c.Env)
	}
	if c.Lifecycle == nil || !slices.Contains(c.Lifecycle.PreStop.Exec.Command, "drain") || !slices.Contains(c.Lifecycle.PreStop.Exec.Command, "--drain-for=60s") {
		t.Errorf("before its end: %v", c.Lifecycle)
	}
}

// get returns an object that must be there.
func get[T metav1.Object](t *testing.T, all manifests, name string) T {
	t.Helper()
	object, ok := all[name].(T)
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	return object
}

// pods returns what Pods are made from, by the value of their label app.
func pods(t *testing.T, all manifests) map[string]corev1.PodTemplateSpec {
	return map[string]corev1.PodTemplateSpec{
		"relay": get[*appsv1.StatefulSet](t, all, "StatefulSet relay").Spec.Template,
		"edge":  get[*appsv1.Deployment](t, all, "Deployment edge").Spec.Template,
	}
}

// Pods have no more rights than they need, and time to say goodbye.
func TestPodsAreConfined(t *testing.T) {
	for app, pod := range pods(t, decode(t, nil)) {
		s := pod.Spec
		switch c := s.SecurityContext; {
		case c == nil, c.RunAsNonRoot == nil, !*c.RunAsNonRoot, c.RunAsUser == nil, *c.RunAsUser == 0:
			t.Errorf("%s may run as root", app)
		case c.SeccompProfile == nil || c.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault:
			t.Errorf("%s has no seccomp profile", app)
		}
		if s.AutomountServiceAccountToken == nil || *s.AutomountServiceAccountToken {
			t.Errorf("%s gets a token for the API", app)
		}
		if s.HostNetwork || s.HostPID || s.HostIPC {
			t.Errorf("%s is on its host's network, processes or memory", app)
		}
		if grace := s.TerminationGracePeriodSeconds; grace == nil || *grace <= 10 {
			t.Errorf("%s has no time to end", app)
		}
		for _, v := range s.Volumes {
			// Root owns it; who else reads it comes by group.
			if v.Secret != nil && (s.SecurityContext.FSGroup == nil || *v.Secret.DefaultMode != 0o440) {
				t.Errorf("%s: the volume %s is for nobody, or for everybody", app, v.Name)
			}
		}
		for _, c := range s.Containers {
			sc := c.SecurityContext
			if sc == nil || sc.AllowPrivilegeEscalation == nil || *sc.AllowPrivilegeEscalation ||
				sc.ReadOnlyRootFilesystem == nil || !*sc.ReadOnlyRootFilesystem ||
				sc.Capabilities == nil || !slices.Equal(sc.Capabilities.Drop, []corev1.Capability{"ALL"}) || sc.Capabilities.Add != nil {
				t.Errorf("%s: a container may change files or gain rights", app)
			}
			if c.Resources.Limits.Memory().IsZero() {
				t.Errorf("%s may take all memory", app)
			}
		}
	}
}

// Whatever names a port or selects Pods means something that is there.
func TestManifestsFitTogether(t *testing.T) {
	all := decode(t, nil)
	templates := pods(t, all)
	port := func(app string, p intstr.IntOrString) bool {
		return slices.ContainsFunc(templates[app].Spec.Containers[0].Ports, func(c corev1.ContainerPort) bool {
			return p.Type == intstr.String && c.Name == p.StrVal
		})
	}
	selects := func(name string, labels map[string]string) string {
		app := labels["app"]
		if _, ok := templates[app]; !ok || len(labels) != 1 {
			t.Errorf("%s selects %v", name, labels)
		}
		return app
	}
	for app, pod := range templates {
		if selects(app, pod.Labels) != app {
			t.Errorf("%s has the labels %v", app, pod.Labels)
		}
		c := pod.Spec.Containers[0]
		for what, probe := range map[string]*corev1.Probe{"readiness": c.ReadinessProbe, "liveness": c.LivenessProbe} {
			if probe != nil && !port(app, probe.HTTPGet.Port) {
				t.Errorf("%s: %s asks a port that is not there", app, what)
			}
		}
	}
	for name, object := range all {
		switch o := object.(type) {
		case *corev1.Service:
			app := selects(name, o.Spec.Selector)
			for _, p := range o.Spec.Ports {
				if !port(app, p.TargetPort) {
					t.Errorf("%s: there is no port %v", name, p.TargetPort)
				}
			}
		case *policyv1.PodDisruptionBudget:
			selects(name, o.Spec.Selector.MatchLabels)
		case *networkingv1.NetworkPolicy:
			app := selects(name, o.Spec.PodSelector.MatchLabels)
			if len(o.Spec.PolicyTypes) != 2 {
				t.Errorf("%s leaves a direction open", name)
			}
			for _, rule := range o.Spec.Ingress {
				for _, p := range rule.Ports {
					if !port(app, *p.Port) {
						t.Errorf("%s: there is no port %v", name, p.Port)
					}
				}
			}
		}
	}
	set := get[*appsv1.StatefulSet](t, all, "StatefulSet relay")
	if all["Service "+set.Spec.ServiceName] == nil {
		t.Errorf("the StatefulSet's Service %q is not there", set.Spec.ServiceName)
	}
	if service := get[*corev1.Service](t, all, "Service relay"); service.Spec.ClusterIP != corev1.ClusterIPNone {
		t.Error("kube-proxy chooses relays")
	}
}

// The relay takes the flags of the manifest, and what is asked of it there it
// answers.
func TestRelayTakesTheFlagsOfThePod(t *testing.T) {
	c := pods(t, decode(t, nil))["relay"].Spec.Containers[0]
	address := program.Loopback(2)
	var args []string
	for _, arg := range c.Args {
		args = append(args, strings.Replace(arg, "listen=:", "listen="+address+":", 1))
	}
	p, err := program.Start(sotto, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop(syscall.SIGKILL) //nolint:errcheck // it was killed
	for _, probe := range []*corev1.Probe{c.ReadinessProbe, c.LivenessProbe} {
		for _, port := range c.Ports {
			if port.Name == probe.HTTPGet.Port.StrVal {
				if err := p.Answers(fmt.Sprintf("http://%s:%d%s", address, port.ContainerPort, probe.HTTPGet.Path), http.StatusOK); err != nil {
					t.Error(err)
				}
			}
		}
	}
	for _, env := range c.Env {
		if env.Name != "GOMEMLIMIT" {
			t.Errorf("what is %s?", env.Name)
		}
	}
}

// The configuration made for the Pods is one that HAProxy takes, and names
// each Pod of the StatefulSet.
func TestEdgeIsConfiguredForThePods(t *testing.T) {
	all := decode(t, nil)
	config := get[*corev1.ConfigMap](t, all, "ConfigMap edge").Data
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	text := config["haproxy.cfg"]
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "together.lua"), []byte(config["together.lua"]), 0o600); err != nil {
		t.Fatal(err)
	}
	set := get[*appsv1.StatefulSet](t, all, "StatefulSet relay")
	for n := range *set.Spec.Replicas {
		server := fmt.Sprintf(" %s-%d.%s.%s.svc.cluster.local:8080 id %d\n", set.Name, n, set.Spec.ServiceName, set.Namespace, n+1)
		if strings.Count(text, server) != 2 { // for those who return, and for newcomers
			t.Errorf("HAProxy does not know%s", server)
		}
	}
	if strings.Count(text, "\n    server ") != 2*int(*set.Spec.Replicas) {
		t.Error("HAProxy knows relays that are not there")
	}
	for _, p := range pods(t, all)["edge"].Spec.Containers[0].Ports {
		if strings.Count(text, fmt.Sprintf("bind :%d", p.ContainerPort)) != 1 {
			t.Errorf("HAProxy does not listen on port %d", p.ContainerPort)
		}
	}
	certificate := "crt /etc/haproxy/sotto.pem"
	if !strings.Contains(text, certificate) {
		t.Fatal("no certificate")
	}
	plain := strings.Replace(text, " ssl "+certificate+" alpn http/1.1", "", 1)
	if err := os.WriteFile(file, []byte(plain), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("haproxy", "-c", "-f", file).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
