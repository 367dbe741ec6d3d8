using System.Text;
using LlmProxy.Providers.Bedrock;

namespace LlmProxy.Tests.Providers.Bedrock;

/// <summary>Against the test suite that AWS publishes for Signature Version 4 (its well-known example keys).</summary>
public sealed class SignatureV4Tests
{
    private static readonly AwsKeys Example = new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", null);
    private static readonly DateTimeOffset Moment = new(2015, 8, 30, 12, 36, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")]
    [InlineData("GET", "/?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")]
    public void Sign_RequestsOfAwssTestSuite_HaveItsSignatures(string method, string path, string signature)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), "https://example.amazonaws.com" + path);

        SignatureV4.Sign(request, [], Example, "us-east-1", "service", Moment);

        Assert.Equal(
            $"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature={signature}",
            request.Headers.GetValues("Authorization").Single());
        Assert.Equal("20150830T123600Z", request.Headers.GetValues("X-Amz-Date").Single());
    }

    [Fact]
    public void Sign_BodyInPieces_IsSignedAsOne()
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "https://example.amazonaws.com/") { Content = new ByteArrayContent([]) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/x-www-form-urlencoded");
        byte[] body = Encoding.ASCII.GetBytes("Param1=value1");

        SignatureV4.Sign(request, [body.AsMemory(0, 5), body.AsMemory(5)], Example, "us-east-1", "service", Moment);

        Assert.EndsWith("Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a", request.Headers.GetValues("Authorization").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void Sign_Twice_ReplacesItsHeaders()
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "https://example.amazonaws.com/model/arn%3Aaws%3Abedrock%3A1/converse");
        AwsKeys lent = Example with { SessionToken = "lent-token" };

        SignatureV4.Sign(request, [], lent, "us-east-1", "bedrock", Moment);
        string first = request.Headers.GetValues("Authorization").Single();
        SignatureV4.Sign(request, [], lent, "us-east-1", "bedrock", Moment.AddMinutes(1));

        Assert.NotEqual(first, request.Headers.GetValues("Authorization").Single());
        Assert.Contains("host;x-amz-date;x-amz-security-token", first, StringComparison.Ordinal);
        Assert.Equal("lent-token", request.Headers.GetValues("X-Amz-Security-Token").Single());
        Assert.Equal("20150830T123700Z", request.Headers.GetValues("X-Amz-Date").Single());
        Assert.Equal("/model/arn%3Aaws%3Abedrock%3A1/converse", request.RequestUri!.AbsolutePath);
    }
}
