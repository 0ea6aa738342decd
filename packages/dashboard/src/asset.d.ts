/** Files that the bundler turns into addresses or styles. */
declare module "*.svg" {
  const url: string;
  export default url;
}
declare module "*.css";
