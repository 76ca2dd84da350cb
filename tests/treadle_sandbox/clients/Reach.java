// A client with Meta's host in its code, by Java's own HTTP client.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

public class Reach {
    public static void main(String[] args) throws Exception {
        String form = "media_type=TEXT&text=from+Java&auto_publish_text=true&access_token=" + args[0];
        HttpRequest request = HttpRequest.newBuilder(URI.create("https://graph.threads.net/v1.0/me/threads"))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(form)).build();
        System.out.println(HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body());
    }
}
