package threads

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// start runs a sandbox until the test ends. THREADS_SANDBOX names the command, if it is another.
func start(t *testing.T) (baseURL, token string) {
	t.Helper()
	command := strings.Fields(os.Getenv("THREADS_SANDBOX"))
	if len(command) == 0 {
		command = []string{"threads-sandbox"}
	}
	sandbox := exec.Command(command[0], append(command[1:], "--port", "0", "--json", "--processing", "fast")...)
	out, err := sandbox.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := sandbox.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sandbox.Process.Kill(); sandbox.Wait() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var where struct {
		URL      string
		Accounts []struct {
			Token string `json:"access_token"`
		}
	}
	if err := json.Unmarshal(line, &where); err != nil {
		t.Fatal(err)
	}
	return where.URL, where.Accounts[0].Token
}

func texts(t *testing.T, baseURL string) (found []string) {
	t.Helper()
	answer, err := http.Get(baseURL + "/_sandbox/posts")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var list struct{ Data []struct{ ID, Text string } }
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	for _, post := range list.Data {
		found = append(found, post.Text)
	}
	return found
}

func TestAPostArrives(t *testing.T) {
	baseURL, token := start(t)
	if _, err := (Client{baseURL, token}).Post("Hello"); err != nil {
		t.Fatal(err)
	}
	if found := texts(t, baseURL); len(found) != 1 || found[0] != "Hello" {
		t.Fatal(found)
	}
}

func TestALostAnswerDoesNotDoubleIt(t *testing.T) {
	baseURL, token := start(t)
	fault := `{"endpoint": "publish", "when": "after", "answer": {"drop": true}}`
	answer, err := http.Post(baseURL+"/_sandbox/faults", "application/json", strings.NewReader(fault))
	if err != nil || answer.StatusCode != http.StatusCreated {
		t.Fatal(err, answer)
	}
	id, err := Client{baseURL, token}.Post("Once")
	if err != nil || id == "" {
		t.Fatal(id, err)
	}
	if found := texts(t, baseURL); len(found) != 1 {
		t.Fatal(found)
	}
}
