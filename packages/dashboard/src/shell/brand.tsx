/** The name, which leads home. */
import { Link } from "@tanstack/react-router";
import icon from "../icon.svg";

export function Brand() {
  return (
    <Link to="/" className="brand" aria-label="Stepwell, home">
      <img src={icon} alt="" />
      Stepwell
    </Link>
  );
}
