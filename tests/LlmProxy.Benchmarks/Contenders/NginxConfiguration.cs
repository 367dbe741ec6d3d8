using LlmProxy.Benchmarks.Rig;

namespace LlmProxy.Benchmarks.Contenders;

/// <summary>nginx as somebody who cares would set it up for streams: one worker, keep-alive both ways, nothing buffered, nothing logged.</summary>
internal static class NginxConfiguration
{
    public static ChildProcess? Start(Workplace place, int port, int upstreamPort)
    {
        string? program = Workplace.Find("nginx");
        if (program is null)
        {
            return null;
        }
        string folder = place.NewFolder("nginx");
        string file = Path.Combine(folder, "nginx.conf");
        File.WriteAllText(file, Text(folder, port, upstreamPort));
        return Workplace.Start("nginx", [program, "-p", folder, "-e", "stderr", "-c", file], folder);
    }

    private static string Text(string folder, int port, int upstreamPort) =>
        $$"""
        daemon off;
        pid {{folder}}/nginx.pid;
        error_log stderr error;
        worker_processes 1;
        worker_rlimit_nofile 20000;
        events { worker_connections 10000; }
        http {
          access_log off;
          client_body_temp_path {{folder}}/body;
          proxy_temp_path {{folder}}/proxy;
          fastcgi_temp_path {{folder}}/fastcgi;
          uwsgi_temp_path {{folder}}/uwsgi;
          scgi_temp_path {{folder}}/scgi;
          keepalive_requests 1000000000;
          upstream vendor {
            server 127.0.0.1:{{upstreamPort}};
            keepalive 512;
            keepalive_requests 1000000000;
          }
          server {
            listen 127.0.0.1:{{port}};
            client_max_body_size 100m;
            client_body_buffer_size 1m;
            location /v1/ {
              proxy_pass http://vendor;
              proxy_http_version 1.1;
              proxy_set_header Connection "";
              proxy_buffering off;
            }
          }
        }

        """;
}
