using Swashbuckle.AspNetCore.SwaggerUI;

namespace LlmProxy.Endpoints.Swagger;

/// <summary>The page at /swagger and the document behind it. Nothing of both is loaded before somebody asks.</summary>
internal sealed class SwaggerPages(IServiceProvider services)
{
    public const string DocumentPath = "/swagger/v1/swagger.json";

    private readonly Lazy<byte[]> _document = new(LoadDocument);
    private readonly Lazy<RequestDelegate> _page = new(() => BuildPage(services));

    /// <summary>The routes that clients call, as OpenAPI says it.</summary>
    public ReadOnlyMemory<byte> Document => _document.Value;

    public async Task SendDocumentAsync(HttpContext http)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.ContentLength = _document.Value.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await http.Response.BodyWriter.WriteAsync(_document.Value, http.RequestAborted);
        }
    }

    public Task SendPageAsync(HttpContext http)
    {
        http.SetEndpoint(null); // Else the page's middleware holds the request for somebody else's.
        return _page.Value(http);
    }

    private static byte[] LoadDocument()
    {
        using Stream resource = typeof(SwaggerPages).Assembly.GetManifestResourceStream("openapi.json")
            ?? throw new InvalidOperationException("openapi.json is not embedded in the assembly.");
        byte[] document = new byte[resource.Length];
        resource.ReadExactly(document);
        return document;
    }

    private static RequestDelegate BuildPage(IServiceProvider services)
    {
        SwaggerUIOptions options = new()
        {
            DocumentTitle = "LlmProxy",
            RoutePrefix = "swagger",
        };
        options.SwaggerEndpoint("v1/swagger.json", "LlmProxy"); // Relative: it holds behind a path prefix too.
        options.EnableTryItOutByDefault();
        options.DisplayRequestDuration();
        options.DefaultModelsExpandDepth(-1); // The schemas are shown where they are used.
        return new ApplicationBuilder(services).UseSwaggerUI(options).Build();
    }
}
