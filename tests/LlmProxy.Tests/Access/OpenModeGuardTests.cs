using LlmProxy.Access;
using LlmProxy.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace LlmProxy.Tests.Access;

public sealed class OpenModeGuardTests
{
    [Theory]
    [InlineData("localhost")]
    [InlineData("LOCALHOST:8080")]
    [InlineData("127.0.0.1:8080")]
    [InlineData("[::1]")]
    [InlineData("[::1]:8080")]
    public void Check_LoopbackHost_LetsItPass(string host) => Assert.Null(Check(host: host));

    [Theory]
    [InlineData("")]
    [InlineData("evil.example")]
    [InlineData("localhost.evil.example:8080")]
    [InlineData("127.0.0.1.evil.example")]
    [InlineData("127.0.0.2")]
    [InlineData("192.168.1.4:8080")]
    [InlineData("[::2]:8080")]
    [InlineData("0.0.0.0:8080")]
    public void Check_AnyOtherHost_IsRefusedNamingTheSetting(string host) => AssertForeign(Check(host: host));

    [Theory]
    [InlineData("http://localhost:8080")]
    [InlineData("http://localhost")]
    [InlineData("https://LocalHost:3000")]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("http://[::1]:8080")]
    [InlineData("http://[::1]")]
    public void Check_OriginOnThisMachine_LetsItPass(string origin) => Assert.Null(Check(header: ("Origin", origin)));

    [Theory]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("https://evil.example")]
    [InlineData("http://localhost.evil.example")]
    [InlineData("http://evil.example:8080")]
    [InlineData("http://localhost:80@evil.example")]
    [InlineData("http://localhost:")]
    [InlineData("http://evil.example/http://localhost:80")]
    [InlineData("file://localhost")]
    [InlineData("chrome-extension://abcdef")]
    public void Check_ForeignOrigin_IsRefusedNamingTheSetting(string origin) => AssertForeign(Check(header: ("Origin", origin)));

    [Fact]
    public void Check_TwoOrigins_AreForeign() =>
        AssertForeign(Check(header: ("Origin", new StringValues(["http://localhost", "http://evil.example"]))));

    [Theory]
    [InlineData("Forwarded")]
    [InlineData("forwarded")]
    [InlineData("X-Forwarded-For")]
    [InlineData("x-forwarded-host")]
    [InlineData("X-Forwarded-Anything")]
    public void Check_CameThroughAProxy_IsRefusedNamingTheSetting(string header) => AssertForeign(Check(header: (header, "for=10.0.0.1")));

    [Theory]
    [InlineData("application/json")]
    [InlineData("Application/JSON; charset=utf-8")]
    [InlineData("application/vnd.api+json")]
    [InlineData("multipart/form-data; boundary=x")]
    public void Check_ReadableBody_LetsItPass(string contentType) => Assert.Null(Check(contentType: contentType));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("text/plain; application/json")]
    [InlineData("application/jsonp")]
    public void Check_BodyOfAnotherKind_IsRefusedAsMediaType(string? contentType) =>
        Assert.Equal(ErrorCode.UnsupportedMediaType, Check(contentType: contentType)!.Code);

    [Fact]
    public void Check_NoBody_NeedsNoContentType() => Assert.Null(Check(contentType: null, length: null));

    private static void AssertForeign(GatewayError? error)
    {
        Assert.NotNull(error);
        Assert.Equal((403, "permission_error"), (error.Status, error.Code.Type()));
        Assert.Contains("LlmProxy:Auth:Mode", error.Message, StringComparison.Ordinal);
    }

    private static GatewayError? Check(
        string host = "localhost:8080", (string Name, StringValues Value)? header = null, string? contentType = "application/json", long? length = 2)
    {
        HttpRequest request = new DefaultHttpContext().Request;
        request.Headers.Host = host;
        request.ContentType = contentType;
        request.ContentLength = length;
        if (header is { } extra)
        {
            request.Headers[extra.Name] = extra.Value;
        }

        return OpenModeGuard.Check(request);
    }
}
