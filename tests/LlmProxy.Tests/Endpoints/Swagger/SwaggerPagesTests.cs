using System.Text;
using System.Text.Json;
using LlmProxy.Endpoints;
using LlmProxy.Endpoints.Swagger;
using LlmProxy.Pipeline;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;

namespace LlmProxy.Tests.Endpoints.Swagger;

public sealed class SwaggerPagesTests
{
    private static readonly byte[] Json = new SwaggerPages(new ServiceCollection().BuildServiceProvider()).Document.ToArray();

    [Fact]
    public void Document_ReadByOpenApisOwnReader_IsValid()
    {
        using MemoryStream stream = new(Json);

        ReadResult result = OpenApiDocument.Load(stream, "json");

        Assert.NotNull(result.Diagnostic);
        Assert.Empty(result.Diagnostic.Errors);
        Assert.Empty(result.Diagnostic.Warnings);
    }

    [Fact]
    public void Document_HasEveryEndpointThatClientsCall()
    {
        using JsonDocument document = JsonDocument.Parse(Json);
        JsonElement paths = document.RootElement.GetProperty("paths");

        foreach (EndpointKind endpoint in EndpointKind.All.Where(endpoint => endpoint.Routes.Count > 0))
        {
            JsonElement call = paths.GetProperty(endpoint.Routes[0]).GetProperty("post");
            string media = endpoint.IsMultipart ? "multipart/form-data" : "application/json";
            Assert.True(call.GetProperty("requestBody").GetProperty("content").TryGetProperty(media, out _), endpoint.Name);
        }

        string[] others =
        [
            "/v1/key", "/admin/api/usage", "/admin/api/usage/models", "/admin/api/workspaces/{name}/costs", "/admin/api/costs/daily", "/admin/api/requests",
            "/v1/models", "/v1/models/{id}", "/health/live", "/health/ready", "/health/providers", "/metrics",
            "/admin/api/default", "/admin/api/llms", "/admin/api/llms/{id}", "/admin/api/providers/health", "/admin/api/audit",
            "/admin/api/keys", "/admin/api/keys/{id}", "/admin/api/workspaces", "/admin/api/workspaces/{id}",
        ];
        foreach (string path in others)
        {
            Assert.True(paths.GetProperty(path).TryGetProperty("get", out _), path);
        }
    }

    [Fact]
    public void Examples_OfEveryCall_RunAsTheyAre()
    {
        using JsonDocument document = JsonDocument.Parse(Json);
        foreach (EndpointKind endpoint in EndpointKind.All.Where(endpoint => endpoint.Routes.Count > 0 && !endpoint.IsMultipart))
        {
            JsonElement examples = document.RootElement.GetProperty("paths").GetProperty(endpoint.Routes[0]).GetProperty("post")
                .GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("examples");
            foreach (JsonProperty example in examples.EnumerateObject())
            {
                JsonElement body = example.Value.GetProperty("value");
                Assert.Equal("auto", body.GetProperty("model").GetString());
                Assert.True(endpoint.RequiredField is null || body.TryGetProperty(endpoint.RequiredField, out _), $"{endpoint.Name}/{example.Name}");
            }
        }
    }

    [Fact]
    public void Document_KnowsEveryErrorThatTheGatewayAnswers()
    {
        using JsonDocument document = JsonDocument.Parse(Json);
        JsonElement error = document.RootElement.GetProperty("components").GetProperty("schemas").GetProperty("Error")
            .GetProperty("properties").GetProperty("error").GetProperty("properties");
        ErrorCode[] codes = Enum.GetValues<ErrorCode>();

        Assert.Equal(codes.Select(code => code.Wire()).Distinct().Order(), Words(error.GetProperty("code")).Order());
        Assert.Equal(codes.Select(code => code.Type()).Distinct().Order(), Words(error.GetProperty("type")).Order());
    }

    [Fact]
    public void Document_CallsTheOriginThatServedIt()
    {
        using JsonDocument document = JsonDocument.Parse(Json);

        Assert.Equal("/", Assert.Single(document.RootElement.GetProperty("servers").EnumerateArray()).GetProperty("url").GetString());
    }

    [Theory]
    [InlineData("/swagger", 301, null)]
    [InlineData("/swagger/index.html", 200, "swagger-ui")]
    [InlineData("/swagger/index.js", 200, "v1/swagger.json")]
    [InlineData("/swagger/swagger-ui.css", 200, ".swagger-ui")]
    [InlineData("/swagger/v1/swagger.json", 200, "\"openapi\"")]
    [InlineData("/swagger/nothing", 404, null)]
    public async Task Route_UnderTheSlimBuilder_IsServed(string path, int status, string? expected)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddGatewaySwagger();
        await using WebApplication app = builder.Build();
        app.UseRouting();
        app.MapGatewaySwagger();
        app.UseEndpoints(static _ => { });
        await using AsyncServiceScope scope = app.Services.CreateAsyncScope();
        using MemoryStream body = new();
        DefaultHttpContext http = new() { RequestServices = scope.ServiceProvider };
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(body));
        http.Request.Method = HttpMethods.Get;
        http.Request.Path = path;

        await ((IApplicationBuilder)app).Build()(http);

        Assert.Equal(status, http.Response.StatusCode);
        Assert.Contains(expected ?? "", Encoding.UTF8.GetString(body.ToArray()), StringComparison.Ordinal);
    }

    private static IEnumerable<string?> Words(JsonElement schema) => schema.GetProperty("enum").EnumerateArray().Select(word => word.GetString());
}
